export { findSecrets, SECRET_RULES, type SecretHit, type SecretRule } from './find-secrets.js';
export { REDACTED, redactJson, redactLines, redactText } from './redact.js';
