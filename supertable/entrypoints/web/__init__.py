"""What all HTTP services share: authentication, limits, errors, paging and streaming."""
