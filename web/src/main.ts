/** The page begins: what takes time first, what is seen second. */

import { viewer } from './entrance';
import './view/app';

const app = document.querySelector('watchword-app');
if (app) app.viewer = viewer;
