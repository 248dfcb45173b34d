import { cancelRunTool } from './cancel-run.tool.js';
import { checkPolicyTool } from './check-policy.tool.js';
import { describeTemplateTool } from './describe-template.tool.js';
import { explainDecisionTool } from './explain-decision.tool.js';
import { getBlastRadiusTool } from './get-blast-radius.tool.js';
import { getResourceTool } from './get-resource.tool.js';
import { getRunTool } from './get-run.tool.js';
import { getRunLogTool } from './get-run-log.tool.js';
import { listPendingApprovalsTool } from './list-pending-approvals.tool.js';
import { listRunsTool } from './list-runs.tool.js';
import { listTemplatesTool } from './list-templates.tool.js';
import { proposeChangeTool } from './propose-change.tool.js';
import { retryRunTool } from './retry-run.tool.js';
import { rollbackRunTool } from './rollback-run.tool.js';
import { searchInfrastructureTool } from './search-infrastructure.tool.js';

/** Every tool, in the order agents meet them; a test compares this list with the folder and with TOOL_NAMES. */
export const TOOLS = [
  searchInfrastructureTool,
  getResourceTool,
  getBlastRadiusTool,
  listTemplatesTool,
  describeTemplateTool,
  proposeChangeTool,
  checkPolicyTool,
  getRunTool,
  listRunsTool,
  getRunLogTool,
  listPendingApprovalsTool,
  explainDecisionTool,
  cancelRunTool,
  retryRunTool,
  rollbackRunTool,
];
