// What an agent meets over MCP: each part on an installation of its own, all in one process.
import './mcp.part.js';
import './mcp-tasks.part.js';
import './mcp-updates.part.js';
import './stdio.part.js';
