// Edges of the installation: each part on an installation of its own, all in one process.
import './bad-input.part.js';
import './metrics.part.js';
import './read-only.part.js';
