"""Lists and exports: finding matters, page by page or as a file (Articles IV, XVII).

In: filters and an order from whoever asks. Out: pages of what they may see, with what they may do
to each; or a CSV or XLSX file made by the worker behind the same wall, chunk by chunk, so that a
stopped or killed worker goes on where it was. Every export is recorded.
"""
