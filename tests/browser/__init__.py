"""What a person sees, in JupyterLab and a real browser."""
