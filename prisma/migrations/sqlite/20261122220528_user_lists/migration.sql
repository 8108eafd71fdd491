-- DropIndex
DROP INDEX "User_invitedAt_idx";

-- DropIndex
DROP INDEX "User_blockedAt_idx";

-- DropIndex
DROP INDEX "UserSearchTerm_userId_idx";

-- CreateIndex
CREATE INDEX "User_blockedAt_id_idx" ON "User"("blockedAt", "id");

-- CreateIndex
CREATE INDEX "User_invitedAt_id_idx" ON "User"("invitedAt", "id");

-- CreateIndex
CREATE INDEX "UserSearchTerm_userId_term_idx" ON "UserSearchTerm"("userId", "term");
