/** The known answers that the device's tests read too; for tests only. */

import vectors from '../../daemon/protocol/vectors.json';

export { vectors };
