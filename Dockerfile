# Node 26 is the long-term support of its time until October 2027.
ARG NODE_VERSION=26

FROM node:${NODE_VERSION}-trixie AS build
WORKDIR /source
# Packages first: a change of ours does not install them anew.
COPY package.json package-lock.json .npmrc ./
# Naming any program as its engine keeps Prisma from downloading one: none is used.
RUN PRISMA_SCHEMA_ENGINE_BINARY=/usr/local/bin/node npm ci --include=dev --no-audit --no-fund
COPY . .
RUN npm run package -- /site

FROM node:${NODE_VERSION}-trixie-slim
# Owned by root, and never written to: all that changes lies in /data.
COPY --from=build /site /site
RUN install --directory --owner=node --group=node --mode=700 /data
VOLUME /data
WORKDIR /site
USER node
ENV NODE_ENV=production DATABASE_URL=file:/data/latchkey.db
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Without a shell between, the stop signal reaches the server.
CMD ["node", "dist/server.mjs"]
