"""The HTTP service: endpoints, event streams, webhooks, quotas."""
