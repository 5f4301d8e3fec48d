"""The service as clients see it: requests, answers, streams, webhooks, limits."""
