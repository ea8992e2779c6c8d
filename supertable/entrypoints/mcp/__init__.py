"""The MCP server: what AI assistants may ask of a lake, over stdio or streamable HTTP."""
