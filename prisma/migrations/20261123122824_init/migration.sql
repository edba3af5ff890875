-- CreateEnum
CREATE TYPE "BuildState" AS ENUM ('declared', 'open', 'sealed', 'ingesting', 'comparing', 'done', 'failed');

-- CreateEnum
CREATE TYPE "ArtifactState" AS ENUM ('stored', 'ingested', 'failed');

-- CreateEnum
CREATE TYPE "PairState" AS ENUM ('pending', 'done', 'failed');

-- CreateEnum
CREATE TYPE "TaskState" AS ENUM ('pending', 'leased', 'done', 'failed');

-- CreateTable
CREATE TABLE "Stream" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Stream_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Build" (
    "id" UUID NOT NULL,
    "streamId" UUID NOT NULL,
    "version" TEXT NOT NULL,
    "release" TEXT NOT NULL,
    "state" "BuildState" NOT NULL DEFAULT 'declared',
    "provenance" JSONB NOT NULL DEFAULT '{}',
    "builtFor" TEXT,
    "kernelFile" TEXT,
    "kernelRelease" TEXT,
    "kernelBanner" TEXT,
    "kernelBuildId" TEXT,
    "rulesVersion" TEXT,
    "allowBtfMismatch" BOOLEAN,
    "baseSha256" TEXT,
    "moduleSetId" TEXT,
    "failure" JSONB,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "sealedAt" TIMESTAMPTZ(3),
    "finishedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Build_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Artifact" (
    "id" UUID NOT NULL,
    "buildId" UUID NOT NULL,
    "filename" TEXT NOT NULL,
    "sha256" TEXT NOT NULL,
    "size" BIGINT NOT NULL,
    "state" "ArtifactState" NOT NULL DEFAULT 'stored',
    "problems" JSONB NOT NULL DEFAULT '[]',
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Artifact_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Refusal" (
    "id" UUID NOT NULL,
    "buildId" UUID NOT NULL,
    "filename" TEXT,
    "code" TEXT NOT NULL,
    "recorded" JSONB NOT NULL,
    "given" JSONB NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Refusal_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Blob" (
    "sha256" TEXT NOT NULL,
    "size" BIGINT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Blob_pkey" PRIMARY KEY ("sha256")
);

-- CreateTable
CREATE TABLE "Base" (
    "sha256" TEXT NOT NULL,
    "types" INTEGER NOT NULL,
    "strings" INTEGER NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Base_pkey" PRIMARY KEY ("sha256")
);

-- CreateTable
CREATE TABLE "ModuleSet" (
    "id" TEXT NOT NULL,
    "count" INTEGER NOT NULL,
    "bundleSha256" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ModuleSet_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Module" (
    "moduleSetId" TEXT NOT NULL,
    "ordinal" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "file" TEXT NOT NULL,
    "sha256" TEXT NOT NULL,
    "vermagic" TEXT,
    "srcversion" TEXT,
    "buildId" TEXT,
    "btfSha256" TEXT,
    "distilledSha256" TEXT,
    "btfBytes" INTEGER,
    "types" INTEGER,
    "strings" INTEGER,
    "originStrings" INTEGER,

    CONSTRAINT "Module_pkey" PRIMARY KEY ("moduleSetId","ordinal")
);

-- CreateTable
CREATE TABLE "Comparison" (
    "key" TEXT NOT NULL,
    "moduleSetId" TEXT NOT NULL,
    "runningSha256" TEXT NOT NULL,
    "originSha256" TEXT,
    "rulesVersion" TEXT NOT NULL,
    "allowBtfMismatch" BOOLEAN,
    "engine" TEXT NOT NULL,
    "counts" JSONB NOT NULL,
    "rows" BYTEA NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Comparison_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "Pair" (
    "kernelBuildId" UUID NOT NULL,
    "moduleBuildId" UUID NOT NULL,
    "streamId" UUID NOT NULL,
    "state" "PairState" NOT NULL DEFAULT 'pending',
    "comparisonKey" TEXT,
    "error" JSONB,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Pair_pkey" PRIMARY KEY ("kernelBuildId","moduleBuildId")
);

-- CreateTable
CREATE TABLE "Task" (
    "id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "payload" JSONB NOT NULL,
    "state" "TaskState" NOT NULL DEFAULT 'pending',
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "leaseOwner" TEXT,
    "leaseUntil" TIMESTAMPTZ(3),
    "runAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "bells" INTEGER NOT NULL DEFAULT 0,
    "rungAt" TIMESTAMPTZ(3),
    "error" JSONB,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finishedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Task_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Outbox" (
    "id" BIGSERIAL NOT NULL,
    "taskId" TEXT NOT NULL,
    "bell" INTEGER NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Outbox_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "Stream_name_key" ON "Stream"("name");

-- CreateIndex
CREATE INDEX "Build_streamId_id_idx" ON "Build"("streamId", "id");

-- CreateIndex
CREATE UNIQUE INDEX "Build_streamId_version_release_key" ON "Build"("streamId", "version", "release");

-- CreateIndex
CREATE UNIQUE INDEX "Artifact_buildId_filename_key" ON "Artifact"("buildId", "filename");

-- CreateIndex
CREATE INDEX "Refusal_buildId_createdAt_idx" ON "Refusal"("buildId", "createdAt");

-- CreateIndex
CREATE INDEX "Module_moduleSetId_name_idx" ON "Module"("moduleSetId", "name");

-- CreateIndex
CREATE INDEX "Pair_moduleBuildId_state_idx" ON "Pair"("moduleBuildId", "state");

-- CreateIndex
CREATE INDEX "Pair_streamId_kernelBuildId_moduleBuildId_idx" ON "Pair"("streamId", "kernelBuildId", "moduleBuildId");

-- CreateIndex
CREATE INDEX "Task_state_runAt_idx" ON "Task"("state", "runAt");

-- CreateIndex
CREATE INDEX "Task_state_leaseUntil_idx" ON "Task"("state", "leaseUntil");

-- CreateIndex
CREATE UNIQUE INDEX "Outbox_taskId_bell_key" ON "Outbox"("taskId", "bell");

-- AddForeignKey
ALTER TABLE "Build" ADD CONSTRAINT "Build_streamId_fkey" FOREIGN KEY ("streamId") REFERENCES "Stream"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Build" ADD CONSTRAINT "Build_baseSha256_fkey" FOREIGN KEY ("baseSha256") REFERENCES "Base"("sha256") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Build" ADD CONSTRAINT "Build_moduleSetId_fkey" FOREIGN KEY ("moduleSetId") REFERENCES "ModuleSet"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Artifact" ADD CONSTRAINT "Artifact_buildId_fkey" FOREIGN KEY ("buildId") REFERENCES "Build"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Refusal" ADD CONSTRAINT "Refusal_buildId_fkey" FOREIGN KEY ("buildId") REFERENCES "Build"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Module" ADD CONSTRAINT "Module_moduleSetId_fkey" FOREIGN KEY ("moduleSetId") REFERENCES "ModuleSet"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Pair" ADD CONSTRAINT "Pair_kernelBuildId_fkey" FOREIGN KEY ("kernelBuildId") REFERENCES "Build"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Pair" ADD CONSTRAINT "Pair_moduleBuildId_fkey" FOREIGN KEY ("moduleBuildId") REFERENCES "Build"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Pair" ADD CONSTRAINT "Pair_comparisonKey_fkey" FOREIGN KEY ("comparisonKey") REFERENCES "Comparison"("key") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Outbox" ADD CONSTRAINT "Outbox_taskId_fkey" FOREIGN KEY ("taskId") REFERENCES "Task"("id") ON DELETE CASCADE ON UPDATE CASCADE;
