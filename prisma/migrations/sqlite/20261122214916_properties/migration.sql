-- AlterTable
ALTER TABLE "User" ADD COLUMN "properties" TEXT;
