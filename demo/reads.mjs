// What the demo prints as a fact is read here, at the moment it is printed: GitHub, the cluster, the product's own API.

async function json(url, token, init = {}) {
  const response = await fetch(url, {
    ...init,
    headers: {
      accept: 'application/json',
      authorization: `Bearer ${token}`,
      'user-agent': 'planwarden-demo',
      ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : JSON.parse(text) };
}

export function reads(world) {
  const repo = `${world.github}/repos/platform/infrastructure`;
  const github = (path, token = world.reviewerToken, init = {}) => json(`${repo}${path}`, token, init);
  const cluster = (path) => json(`${world.kubernetes}${path}`, world.clusterToken);
  return {
    branches: async () => (await github('/branches')).body.map((branch) => branch.name),
    pullRequests: async () => (await github('/pulls?state=all')).body,
    pullRequest: async (number) => (await github(`/pulls/${number}`)).body,
    pullRequestFiles: async (number) => (await github(`/pulls/${number}/files`)).body,
    workflowRuns: async () => (await github('/actions/runs')).body.workflow_runs ?? [],
    commit: async (sha) => (await github(`/git/commits/${sha}`)).body,
    review: (number, token, commit, event) =>
      github(`/pulls/${number}/reviews`, token, {
        method: 'POST',
        body: JSON.stringify({ event, commit_id: commit, body: 'Looked at the plan.' }),
      }),
    voteAsAgent: (run, subjectDigest) =>
      json(`${world.url}/api/v1/runs/${run}/votes`, world.agentToken, {
        method: 'POST',
        body: JSON.stringify({ subjectDigest, decision: 'approve' }),
      }),
    application: async (name) =>
      (await cluster(`/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/${name}`)).body,
    /** Pods of an app that run and are ready, counted in the cluster now. */
    readyPods: async (namespace, name) => {
      const { body } = await cluster(
        `/api/v1/namespaces/${namespace}/pods?labelSelector=${encodeURIComponent(`app.kubernetes.io/name=${name}`)}`,
      );
      return (body?.items ?? []).filter((pod) =>
        (pod.status?.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True'),
      );
    },
  };
}
