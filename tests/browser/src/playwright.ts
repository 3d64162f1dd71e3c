/** Playwright's own, for tests in folders beside this one, which do not find its package by themselves. */

export { expect, test, type Browser } from '@playwright/test';
