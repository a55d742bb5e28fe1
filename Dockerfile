# The last stage is the production image: the compiled code and its runtime packages, no compiler and nothing of src/dev.
# `docker build --target development .` adds the console and the sandbox; docker-compose.yml uses it.
#
# FROM names a tag, so that each build gets the latest fixes of Debian and Node.js 24. Its digest on 28 November 2026:
#   node:24-bookworm-slim@sha256:0e0ff40c39bc087845bfb27465a0df4ea419520094bc35842ff83dd8cbe6f9b6
# To build by digest, put it behind the tag in both FROM lines. To update it:
#   docker buildx imagetools inspect node:24-bookworm-slim
# It was copied from files of other public projects that agree on it (Node.js 24.21.0), not from a registry: compare it
# before you build with it.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY libs/idempotency/package.json ./libs/idempotency/
RUN npm ci --ignore-scripts --no-audit
COPY nest-cli.json tsconfig.json ./
COPY libs ./libs
COPY src ./src
COPY scripts/sandbox-entry.js ./scripts/
RUN npm run build

FROM node:24-bookworm-slim AS runtime
ENV NODE_ENV=production
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY libs/idempotency/package.json ./libs/idempotency/
RUN npm ci --omit=dev --ignore-scripts --no-audit && npm cache clean --force
COPY --from=build /app/libs/idempotency/dist ./libs/idempotency/dist
EXPOSE 3000
# Liveness only: an unavailable broker makes the service not ready, and a restart would not help.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/health/live`).then(({ ok }) => process.exit(Number(!ok)))"]
# Exec form: node is process 1 and receives SIGTERM itself. With twice the usual memory for young objects, garbage collection
# takes two thirds of the time (docs/performance.md).
CMD ["node", "--enable-source-maps", "--max-semi-space-size=32", "dist/main.js"]

FROM runtime AS development
COPY --from=build /app/dist ./dist
# A named volume inherits this folder's owner, so the sandbox can write its journal without being root.
RUN mkdir /data && chown node:node /data
USER node

FROM build AS without-development
RUN rm -rf dist/dev dist/sandbox

FROM runtime AS production
COPY --from=without-development /app/dist ./dist
USER node
