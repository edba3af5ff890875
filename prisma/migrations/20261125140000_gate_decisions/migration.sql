-- CreateEnum
CREATE TYPE "GateAnswer" AS ENUM ('pass', 'fail', 'unknown');

-- AlterTable
ALTER TABLE "Comparison" ADD COLUMN     "outcomes" BYTEA;

-- CreateTable
CREATE TABLE "Policy" (
    "streamId" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "settings" JSONB NOT NULL,
    "author" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Policy_pkey" PRIMARY KEY ("streamId","version")
);

-- CreateTable
CREATE TABLE "Waiver" (
    "id" UUID NOT NULL,
    "streamId" UUID NOT NULL,
    "kernelBuildId" UUID NOT NULL,
    "moduleBuildId" UUID NOT NULL,
    "baseSha256" TEXT NOT NULL,
    "moduleSetId" TEXT NOT NULL,
    "verdicts" TEXT[],
    "modules" JSONB,
    "reason" TEXT NOT NULL,
    "author" TEXT NOT NULL,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,
    "withdrawnAt" TIMESTAMPTZ(3),
    "withdrawnBy" TEXT,

    CONSTRAINT "Waiver_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Decision" (
    "id" UUID NOT NULL,
    "buildId" UUID NOT NULL,
    "environment" TEXT NOT NULL,
    "answer" "GateAnswer" NOT NULL,
    "policyVersion" INTEGER NOT NULL,
    "inputsHash" TEXT NOT NULL,
    "inputs" JSONB NOT NULL,
    "result" JSONB NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Decision_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "GateUse" (
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "build" TEXT NOT NULL,
    "environment" TEXT NOT NULL,
    "decisionId" UUID,
    "reason" TEXT,
    "by" TEXT NOT NULL,
    "onBehalfOf" TEXT,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "GateUse_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "Waiver_streamId_baseSha256_id_idx" ON "Waiver"("streamId", "baseSha256", "id");

-- CreateIndex
CREATE INDEX "Decision_buildId_environment_id_idx" ON "Decision"("buildId", "environment", "id");

-- CreateIndex
CREATE INDEX "Decision_environment_id_idx" ON "Decision"("environment", "id");

-- CreateIndex
CREATE INDEX "GateUse_environment_id_idx" ON "GateUse"("environment", "id");

-- CreateIndex
CREATE INDEX "GateUse_decisionId_idx" ON "GateUse"("decisionId");

-- AddForeignKey
ALTER TABLE "Policy" ADD CONSTRAINT "Policy_streamId_fkey" FOREIGN KEY ("streamId") REFERENCES "Stream"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Waiver" ADD CONSTRAINT "Waiver_streamId_fkey" FOREIGN KEY ("streamId") REFERENCES "Stream"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Waiver" ADD CONSTRAINT "Waiver_kernelBuildId_fkey" FOREIGN KEY ("kernelBuildId") REFERENCES "Build"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Waiver" ADD CONSTRAINT "Waiver_moduleBuildId_fkey" FOREIGN KEY ("moduleBuildId") REFERENCES "Build"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Decision" ADD CONSTRAINT "Decision_buildId_fkey" FOREIGN KEY ("buildId") REFERENCES "Build"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "GateUse" ADD CONSTRAINT "GateUse_decisionId_fkey" FOREIGN KEY ("decisionId") REFERENCES "Decision"("id") ON DELETE SET NULL ON UPDATE CASCADE;
