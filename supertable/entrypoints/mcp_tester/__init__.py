"""The MCP tester: a page on which people try the tools of the MCP server, under their own role."""
