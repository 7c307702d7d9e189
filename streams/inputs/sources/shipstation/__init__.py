"""ShipStation: no pushes and no queries, spreadsheets alone."""
