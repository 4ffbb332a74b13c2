"""The console's reports from the books: receivables by age, deferred revenue, and the financial statements."""

from cashline.flow.report.statements.pages import ageing, deferred, financial, periods

URLS = [*ageing.URLS, *deferred.URLS, *financial.URLS, *periods.URLS]
