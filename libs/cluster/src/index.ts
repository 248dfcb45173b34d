export { type ClusterClient, type ClusterClientOptions, createClusterClient, refOf } from './cluster-client.js';
export { isNamespaceMissing } from './cluster-failure.js';
export { apiVersionOf, type KindRef } from './kind-catalog.js';
export { type KindListing, kindName, type ListQuery } from './kind-listing.js';
export { type LiveObject, normaliseLive } from './live-object.js';
