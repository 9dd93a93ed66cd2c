"""The database time of forecasts and reports."""
