export { page as html } from './page.js';
