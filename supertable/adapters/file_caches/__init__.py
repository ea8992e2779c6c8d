"""Caches of the files of an object store on this machine."""
