export { agentTerraformFiles } from './agent-files.js';
export { assertNames, checkNames, type NameProblem, uncheckedTypes } from './check-names.js';
export { formatHcl } from './format-hcl.js';
export type { HclAttribute, HclBlock, HclCall, HclFile, HclPlace } from './hcl-file.js';
export type { ProviderSettings, StateSettings } from './operator-settings.js';
export { parseHcl } from './parse-hcl.js';
export { terraformPlanToText } from './plan-text.js';
export { migrateTerraform, PlanVault } from './plan-vault.js';
export { previewStack } from './preview-stack.js';
export { readStack } from './read-stack.js';
export type { StackResource, StackState } from './read-state.js';
export { reviewStack, type StackProblem } from './review-stack.js';
export { newSealingKeys, openArtifact, openSealedPlan, type SealingKeys, sealPlan } from './sealed-plan.js';
export { type AllowedProvider, assertSafe, type Refusal, type SafetyOptions, unsafeParts } from './source-safety.js';
export {
  type PlannedStack,
  type StackFile,
  type StackRequest,
  StackRunner,
  type StackRunnerOptions,
} from './stack-runner.js';
export { TerraformTemplates } from './terraform-templates.js';
export {
  APPLY_WORKFLOW,
  applyRunName,
  firstStart,
  JOB_END,
  PLAN_WORKFLOW,
  planArtifact,
  planRunName,
  type RoundOfRun,
  runTag,
  SEALED_PLAN,
  sealedAbout,
} from './workflow-names.js';
