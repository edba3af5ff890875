# Builds what `npm run build` builds, and runs it as an ordinary user with xz and zstd for the packages of distributions.
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY . .
RUN npm ci && npm run build && npm prune --omit=dev

FROM node:22-bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends xz-utils zstd && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app .
RUN mkdir -p /var/lib/basedrift && chown node:node /var/lib/basedrift
USER node
EXPOSE 8080
CMD ["node", "apps/api/dist/main.js"]
