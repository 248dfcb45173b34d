import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// `npm run dev -w @planwarden/web` is not a way to run the product: the orchestrator serves dist/ under a strict
// content security policy, so nothing is inlined: no data: address, no inline script or style.
export default defineConfig({
  plugins: [react()],
  resolve: {
    conditions: ['source', 'module', 'browser', 'import', 'default'],
    alias: { '@rjsf/validator-ajv8': fileURLToPath(new URL('./src/form/no-ajv.ts', import.meta.url)) },
  },
  build: { outDir: 'dist', emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false } },
});
