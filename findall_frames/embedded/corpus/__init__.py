"""The user's own data as entities: tables, files, documents, installed packages."""
