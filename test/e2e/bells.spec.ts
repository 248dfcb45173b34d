// What GitHub tells, and what it runs: each part on an installation of its own, all in one process.
import './webhook.part.js';
import './workflows.part.js';
