"""The MCP server over streamable HTTP: a service like the others, with the SDK's application mounted."""
