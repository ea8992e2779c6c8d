"""`$batch`: several requests in one, as multipart or as JSON (OData Protocol 4.01, 11.7; JSON Format 4.01, 19)."""
