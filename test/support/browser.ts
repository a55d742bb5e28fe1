import { chromium, type Browser, type Page } from 'playwright-core';
import { findProgram } from '../../scripts/services/machine';
import { offerPackages } from '../../scripts/services/packages';
import { runFolder } from './isolation';

const programs = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

/** A headless Chromium: the one on this machine, or else Debian's package, which is then installed. */
export async function openBrowser(): Promise<Browser> {
  if (findChromium() === undefined) await offerPackages(['chromium'], runFolder());
  const executablePath = findChromium();
  if (executablePath === undefined) {
    throw new Error(
      `The console is tested in a real browser, but this machine has none of ${programs.join(', ')}. Install one ` +
        '(Debian, Ubuntu: sudo apt-get install chromium) and run the test again.',
    );
  }
  return chromium.launch({ executablePath });
}

function findChromium(): string | undefined {
  return programs.map(findProgram).find((path) => path !== undefined);
}

interface Look {
  phone?: boolean;
  dark?: boolean;
  still?: boolean;
}

/** The console in a browser, as an operator sees it. */
export class ConsolePage {
  /** Errors that the page reported. */
  readonly errors: string[] = [];

  private constructor(readonly page: Page) {
    page.on('pageerror', ({ message }) => this.errors.push(message));
    page.on('console', (line) => {
      if (line.type() === 'error') this.errors.push(line.text());
    });
  }

  static async open(browser: Browser, url: string, look: Look = {}): Promise<ConsolePage> {
    const opened = await ConsolePage.blank(browser, look);
    await opened.page.goto(url);
    await opened.page.getByText(/^live, /).waitFor();
    return opened;
  }

  /** A page for preparations before the console is opened. */
  static async blank(browser: Browser, look: Look = {}): Promise<ConsolePage> {
    const page = await browser.newPage({
      reducedMotion: look.still ? 'reduce' : 'no-preference',
      colorScheme: look.dark ? 'dark' : 'light',
      viewport: look.phone ? { width: 375, height: 812 } : { width: 1440, height: 1000 },
    });
    return new ConsolePage(page);
  }

  /** The number at a node of the flow, such as `charged`. */
  async count(place: string): Promise<number> {
    return Number(await this.page.locator(`[data-node="${place}"] dd`).first().textContent());
  }

  async press(name: string | RegExp): Promise<void> {
    await this.page.getByRole('button', { name }).first().click();
  }

  /** Publishes with the form. */
  async publish(fields: Record<string, string>): Promise<void> {
    for (const [label, value] of Object.entries(fields)) {
      await this.page.getByLabel(label, { exact: true }).fill(value);
    }
    await this.page.getByRole('button', { name: 'Publish', exact: true }).click();
  }

  async chooseGateway(name: string | RegExp): Promise<void> {
    const response = this.page.waitForResponse((answer) => answer.request().method() === 'PUT');
    await this.page.getByRole('radio', { name }).check();
    await response;
  }

  get banner(): Promise<string> {
    return this.page.locator('#banner').innerText();
  }

  /** The texts of the payment rows, newest first. */
  get rows(): Promise<string[]> {
    return this.page.locator('#payment-list > li').allInnerTexts();
  }

  /** The processes that the time lines name. */
  async processesInRows(): Promise<Set<string>> {
    const items = await this.page.locator('.events li').all();
    const titles = await Promise.all(items.map((item) => item.getAttribute('title')));
    return new Set(titles.map((title) => title?.split(', ')[1] ?? 'none'));
  }

  get deadLetters(): Promise<string[]> {
    return this.page.locator('#dead-letters > li').allInnerTexts();
  }

  /** By how much the page is wider than its window. */
  get overflow(): Promise<number> {
    return this.page.evaluate('document.documentElement.scrollWidth - innerWidth');
  }
}
