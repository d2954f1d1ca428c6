// Supabase's engine backfills the resources of the bench: sync.mjs FOLDER STRIPE_URL POSTGRES_URL
import { createRequire } from 'node:module'
import { join } from 'node:path'

const [folder, server, databaseUrl] = process.argv.slice(2)
const require = createRequire(join(folder, 'package.json'))
const { StripeSync, runMigrations } = require('@supabase/stripe-sync-engine')
const Stripe = require('stripe')
const { hostname, port } = new URL(server)

await runMigrations({ databaseUrl, schema: 'stripe' })
const sync = new StripeSync({
    poolConfig: { connectionString: databaseUrl, max: 10 },
    stripeSecretKey: 'sk_live_standin',
    stripeWebhookSecret: 'whsec_unused',
    autoExpandLists: false,
})
// It has no setting for another place than Stripe's.
sync.stripe = new Stripe('sk_live_standin', { host: hostname, port, protocol: 'http' })
for (const object of ['product', 'price', 'customer', 'subscription', 'invoice', 'charge']) {
    await sync.syncBackfill({ object })
}
process.exit(0)
