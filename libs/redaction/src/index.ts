export { findSecrets, SECRET_RULES, type SecretHit, type SecretRule } from './find-secrets.js';
export { REDACTED, redactJson, redactText } from './redact.js';
