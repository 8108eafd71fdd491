-- AlterTable
ALTER TABLE "AuditEvent" ADD COLUMN "act" TEXT;

-- CreateIndex
CREATE INDEX "AuditEvent_actor_id_idx" ON "AuditEvent"("actor", "id");

-- CreateIndex
CREATE INDEX "AuditEvent_act_id_idx" ON "AuditEvent"("act", "id");

-- CreateIndex
CREATE INDEX "Mail_state_id_idx" ON "Mail"("state", "id");

-- CreateIndex
CREATE INDEX "Mail_recipient_id_idx" ON "Mail"("recipient", "id");

-- Events that are there already are found by their act as well.
UPDATE "AuditEvent" SET "act" = COALESCE(json_extract("details", '$.act'), json_extract("details", '$.reason'),
    json_extract("details", '$.way'), json_extract("details", '$.field')) WHERE "details" IS NOT NULL;
