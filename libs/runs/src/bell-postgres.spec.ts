import { bellContract } from './bell.contract.spec-kit.js';

bellContract('on PostgreSQL', async ({ connectionString }) => ({ store: 'postgres', connectionString }));
