"""Reports: tables that say which entries they are made of, whatever format they are printed in."""
