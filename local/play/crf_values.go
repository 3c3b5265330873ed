package play

// crfValues are the document's "Lookups" (seeds/001), copied from it and not from the driver, so that each checks the other.
type crfValues struct {
	statuses, uses, neededBy, collateral, ownership, years, industries, types, revenues, fico, bankruptcies, heard,
	times, methods, withdrawn, disqualified, assistance []string
}

func crfLookups() crfValues {
	return crfValues{
		statuses: []string{"Matched", "Reviewed", "Contacted", "Qualified", "Funded", "Disqualified", "Withdrawn"},
		uses: []string{"Working Capital", "Start a Business", "Acquire a Business", "Purchase Inventory", "Purchase Machinery or Equipment",
			"Make Building Improvements", "Building Acquisition", "Refinance Existing Debt", "Other"},
		neededBy: []string{"Today", "InNextTwoWeeks", "InNextTwoMonths", "MultipleOptions"},
		collateral: []string{"Commercial Real Estate", "Residential Real Estate", "Inventory", "Accounts Receivable", "Cash",
			"Investment Accounts", "New Equipment/Machinery", "Furniture & Fixtures", "Vehicles", "Used Equipment/Machinery",
			"Vacant Land", "Leasehold Improvements", "Other"},
		ownership: []string{"Women", "Veteran", "LGBTQ", "Black/African-American", "Asian", "Hispanic/Latino/Latinx", "Native American",
			"Alaskan Native", "Native Hawaiian", "Pacific Islander", "Mixed-race", "Other"},
		years: []string{"Startup", "LessThanOne", "OneToTwo", "TwoToThree", "ThreeOrMore"},
		industries: []string{"Accomodation & Food Service", "Agriculture", "Business Services", "Construction", "Dentists/Physicians",
			"Educational Services", "Finance & Insurance", "Gas Stations & Convenience Stores", "Healthcare and Social Assistance",
			"Hotels", "Information Technology", "Landlord", "Manufacturing", "Mining", "Professional Services", "Real Estate",
			"Restaurant", "Retail", "Transportation & Warehousing", "Utilities", "Waste Management", "Wholesale Trade", "Other"},
		types:        []string{"SoleProprietorship", "LLC", "Corporation", "NonProfit", "Other"},
		revenues:     []string{"LessThan100000", "_100000To250000", "_250000To500000", "_500000To1000000", "_1000000To5000000", "MoreThan5000000"},
		fico:         []string{"_700Plus", "_660To699", "_640To659", "_620To639", "_580To619", "Below580"},
		bankruptcies: []string{"None", "_1Prior", "_2OrMore"},
		heard:        []string{"Google", "Facebook", "Ad", "Email", "Event", "WordOfMouth", "LenderReferral", "Other"},
		times:        []string{"Morning", "Afternoon", "Evening"},
		methods:      []string{"Email", "Phone"},
		withdrawn:    []string{"BorrowerStoppedResponding", "Duplicate", "LostBidToCompetitor", "FraudOrSpam", "Other"},
		disqualified: []string{"EligibilityIssue", "CreditIssue", "CashFlowIssue", "CollateralIssue", "LoanUseIssue", "PersonalGuaranteeIssue", "Other"},
		assistance: []string{"Accounting", "BusinessPlan", "BuyOrSellABusiness", "CashFlowManagement", "CompanyFormation", "CustomerRelations",
			"CreditCounseling", "FinancingOrCapital", "Franchising", "GovernmentContracting", "HumanResourcesAndManagement",
			"InternationalTrade", "LegalIssues", "MarketingOrSales", "PrivateSectorProcurement", "TaxPlanning", "TechnologyAndECommerce"},
	}
}
