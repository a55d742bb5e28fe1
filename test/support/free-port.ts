export { freePort } from '../../scripts/services/ports';
