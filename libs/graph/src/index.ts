export { factsDigest } from './facts-digest.js';
export { migrateGraph } from './graph.migrations.js';
export { FedGraphStore } from './graph-feed.js';
export {
  type FactsQuery,
  type GraphImport,
  type GraphSearch,
  type GraphStore,
  type SeenNode,
  SUFFERS,
} from './graph-store.js';
export {
  type ClusterReader,
  importCluster,
  type KubernetesGraphOptions,
  kubernetesToGraph,
} from './kubernetes-graph.js';
export type { Neo4jOptions } from './neo4j/neo4j-connection.js';
export { Neo4jGraphStore } from './neo4j/neo4j-graph.store.js';
export { nodeIdOf } from './node-id.js';
export { PostgresGraphStore } from './postgres-graph.store.js';
export { importState, type StateResource, stackNodeId, stackPlace, terraformToGraph } from './terraform-graph.js';
