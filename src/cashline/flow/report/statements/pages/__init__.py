"""The console's reports from the books: receivables by age, deferred revenue, and the months to be closed."""

from cashline.flow.report.statements.pages import ageing, deferred, periods

URLS = [*ageing.URLS, *deferred.URLS, *periods.URLS]
