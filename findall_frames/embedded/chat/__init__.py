"""The evaluator that asks a language model."""
