"""The auditor's API: one router of five parts.

The log's entries and export (`entries_api`), its tiles and proofs (`log_api`), what is stored and what was destroyed
(`retention_api`), how little was asked (`figures_api`), and the deletion receipts (`receipts_api`), which agents read
too.
"""

from typing import Final

from fastapi import APIRouter

from verifier.web import entries_api, figures_api, log_api, receipts_api, retention_api

router: Final = APIRouter()
router.include_router(entries_api.router)
router.include_router(log_api.router)
router.include_router(retention_api.router)
router.include_router(figures_api.router)
router.include_router(receipts_api.router)
