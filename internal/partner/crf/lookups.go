package crf

// lookups are the document's tables (seed 001, "Lookups"), spelled as it spells them; "state" comes from the schema.
// CRF adds values without notice, so one that is missing here is noted and accepted.
func lookups() map[string][]string {
	return map[string][]string{
		"state": {"Removed", "Submitted"},
		"leadStatus": {
			"Matched", "Reviewed", "Contacted", "Qualified", "Funded", "Disqualified", "Withdrawn",
		},
		"useOfProceeds": {
			"Working Capital", "Start a Business", "Acquire a Business", "Purchase Inventory",
			"Purchase Machinery or Equipment", "Make Building Improvements", "Building Acquisition",
			"Refinance Existing Debt", "Other",
		},
		"financeNeededBy": {
			"Today", "InNextTwoWeeks", "InNextTwoMonths", "MultipleOptions",
		},
		"collateralType": {
			"Commercial Real Estate", "Residential Real Estate", "Inventory", "Accounts Receivable", "Cash",
			"Investment Accounts", "New Equipment/Machinery", "Furniture & Fixtures", "Vehicles",
			"Used Equipment/Machinery", "Vacant Land", "Leasehold Improvements", "Other",
		},
		"ownershipDemographic": {
			"Women", "Veteran", "LGBTQ", "Black/African-American", "Asian", "Hispanic/Latino/Latinx", "Native American",
			"Alaskan Native", "Native Hawaiian", "Pacific Islander", "Mixed-race", "Other",
		},
		"yearsInBusiness": {
			"Startup", "LessThanOne", "OneToTwo", "TwoToThree", "ThreeOrMore",
		},
		"industry": {
			"Accomodation & Food Service", "Agriculture", "Business Services", "Construction", "Dentists/Physicians",
			"Educational Services", "Finance & Insurance", "Gas Stations & Convenience Stores",
			"Healthcare and Social Assistance", "Hotels", "Information Technology", "Landlord", "Manufacturing",
			"Mining", "Professional Services", "Real Estate", "Restaurant", "Retail", "Transportation & Warehousing",
			"Utilities", "Waste Management", "Wholesale Trade", "Other",
		},
		"businessType": {
			"SoleProprietorship", "LLC", "Corporation", "NonProfit", "Other",
		},
		"revenue": {
			"LessThan100000", "_100000To250000", "_250000To500000", "_500000To1000000", "_1000000To5000000",
			"MoreThan5000000",
		},
		"ficoScore": {
			"_700Plus", "_660To699", "_640To659", "_620To639", "_580To619", "Below580",
		},
		"priorBankruptcies": {
			"None", "_1Prior", "_2OrMore",
		},
		"howDidYouHear": {
			"Google", "Facebook", "Ad", "Email", "Event", "WordOfMouth", "LenderReferral", "Other",
		},
		"contactTime": {
			"Morning", "Afternoon", "Evening",
		},
		"contactMethod": {
			"Email", "Phone",
		},
		"withdrawnReason": {
			"BorrowerStoppedResponding", "Duplicate", "LostBidToCompetitor", "FraudOrSpam", "Other",
		},
		"disqualifiedReason": {
			"EligibilityIssue", "CreditIssue", "CashFlowIssue", "CollateralIssue", "LoanUseIssue",
			"PersonalGuaranteeIssue", "Other",
		},
		"technicalAssistance": {
			"Accounting", "BusinessPlan", "BuyOrSellABusiness", "CashFlowManagement", "CompanyFormation",
			"CustomerRelations", "CreditCounseling", "FinancingOrCapital", "Franchising", "GovernmentContracting",
			"HumanResourcesAndManagement", "InternationalTrade", "LegalIssues", "MarketingOrSales",
			"PrivateSectorProcurement", "TaxPlanning", "TechnologyAndECommerce",
		},
	}
}
