"""One module for each page: what is asked of the request, what is read, what is shown."""
