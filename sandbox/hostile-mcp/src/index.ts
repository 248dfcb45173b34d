export { HOSTILE_MODES, type HostileMode, type HostileOptions, hostileGitHub } from './hostile-github.js';
