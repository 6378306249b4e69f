"""The only package that imports the driver."""
