// The first road, and what changes on the way: each part on an installation of its own, all in one process.
import './road.part.js';
import './apps.part.js';
import './changed-world.part.js';
