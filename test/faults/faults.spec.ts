// Faults on the real roads: each part on an installation of its own, all in one process.
import './crash.part.js';
import './race.part.js';
import './webhooks.part.js';
import './hostile-github.part.js';
import './reconcile.part.js';
import './rows.part.js';
