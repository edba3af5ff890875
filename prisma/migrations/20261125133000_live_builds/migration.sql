-- CreateTable
CREATE TABLE "Live" (
    "id" UUID NOT NULL,
    "environment" TEXT NOT NULL,
    "buildId" UUID NOT NULL,
    "enteredAt" TIMESTAMPTZ(3) NOT NULL,
    "enteredBy" TEXT NOT NULL,
    "leftAt" TIMESTAMPTZ(3),
    "leftBy" TEXT,

    CONSTRAINT "Live_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "Live_environment_id_idx" ON "Live"("environment", "id");

-- CreateIndex
CREATE INDEX "Live_buildId_environment_idx" ON "Live"("buildId", "environment");

-- AddForeignKey
ALTER TABLE "Live" ADD CONSTRAINT "Live_buildId_fkey" FOREIGN KEY ("buildId") REFERENCES "Build"("id") ON DELETE CASCADE ON UPDATE CASCADE;
