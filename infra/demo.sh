#!/bin/sh
# What `make demo` does: runs the example order into demo-assets/ and shows where to look.
# It keeps its own books and store in .mintage/demo, whatever else is configured.
set -eu
export MINTAGE_DATABASE_URL="sqlite:///.mintage/demo/ledger.db"
export MINTAGE_STORE_URL="file:.mintage/demo/store"
unset PREFECT_API_URL || true
mintage=.venv/bin/mintage

$mintage run orders/launch-cards.yaml --engine inline
$mintage assets pull demo-assets --order launch-cards
$mintage ledger export --format csv --out demo-assets/cost-report.csv
$mintage ledger summary --by campaign
echo "Cards: demo-assets/launch-week/launch-cards/   Cost report: demo-assets/cost-report.csv"
