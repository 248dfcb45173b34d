// Kinds of run beside a change of manifests: each part on an installation of its own, all in one process.
import './review.part.js';
import './terraform.part.js';
import './locks.part.js';
import './child-runs.part.js';
