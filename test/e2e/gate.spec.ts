// The gate: each part on an installation of its own, all in one process.
import './gate.part.js';
import './gate-roads.part.js';
import './protection.part.js';
