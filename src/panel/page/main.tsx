import './main.css';
import { render } from 'preact';
import { App } from './app.tsx';
import { Enrolment } from './enrolment.tsx';

/** The panel of the appliance, or the form of a box that has no configuration yet: its page has another name for the root. */
const [root, page] = [
  [document.getElementById('app'), <App key="app" />] as const,
  [document.getElementById('enrolment'), <Enrolment key="enrolment" />] as const,
].find(([element]) => element !== null) ?? [null, null];
if (root !== null) {
  root.replaceChildren();
  render(page, root);
}
