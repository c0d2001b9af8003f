"""The front office: the command line. Importing it imports neither Prefect nor a database."""
